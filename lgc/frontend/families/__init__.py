"""The families of files that lgc reads, a module each."""
