"""Many organisations, many attacks, many more ordinary resets: what the score is tuned and measured on."""
