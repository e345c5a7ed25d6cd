"""From circuit to circuit and to mapped netlists: the encoder as gates, heads, register stages, and their estimates."""
