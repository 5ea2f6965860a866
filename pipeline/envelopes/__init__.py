"""Files of logs as they come: what each is, and the records in it, whatever it was wrapped in."""
