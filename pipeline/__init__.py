"""postreset: what happened after this person's password or MFA was reset, and is it over?"""

__version__ = "0.1.0"
