"""lgc, the logic-gate compiler: trains networks of logic gates and compiles them into circuits."""

__version__ = "0.1.0"
