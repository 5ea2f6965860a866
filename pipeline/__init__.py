"""postreset: what happened after this person's password or MFA was reset, and is it over?"""
