"""How well attacks are told from ordinary resets: many made-up organisations, hunted and counted."""
