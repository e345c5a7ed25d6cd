"""Whether a file that lgc wrote is the model: vectors, comparison, triage, formal proof, mutation, coverage."""
