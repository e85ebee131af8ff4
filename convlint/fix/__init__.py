"""Repairs: edits of the user's source that are proposed for a finding, tried, and written.

A proposer (one file each in `proposers/`, registered by presence) knows one kind of edit.  What it
proposes is only offered if the whole network, edited so, has fewer findings and no new ones.
"""
