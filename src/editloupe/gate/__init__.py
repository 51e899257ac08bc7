"""A decision about two editors: may the candidate take the place of the base?"""
