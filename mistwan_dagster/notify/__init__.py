"""Messages to people's receivers. Apprise is imported here and nowhere else.

Belongs here: words, and one attempt to send them. Does not belong here: who is told what, and what became of it.
"""
