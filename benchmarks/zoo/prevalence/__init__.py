"""How often every rule speaks of published convolutional networks.

`measure` judges one network, `population` says which ones there are, `tally` counts and makes the
data that `convlint rule` shows, `page` makes docs/prevalence.md of it.
"""
