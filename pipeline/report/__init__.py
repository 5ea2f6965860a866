"""What a hunt hands to people and programs: one typed result (`result.Hunt`), and one small module for each view of it."""
