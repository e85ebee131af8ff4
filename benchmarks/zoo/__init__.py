"""Sweep convlint over the networks that the ecosystem ships: they work, so it must get through.

python -m benchmarks.zoo sweep results.jsonl      # every model of every library; continues
python -m benchmarks.zoo page results.jsonl       # writes docs/zoo.md
python -m benchmarks.zoo show timm/resnet50       # one model, to the terminal

How often each rule speaks of published convolutional networks:

python -m benchmarks.zoo prevalence rules.jsonl              # continues; shows new rules to all
python -m benchmarks.zoo prevalence rules.jsonl --hit CL502  # again, where CL502 has spoken
python -m benchmarks.zoo hits rules.jsonl CL502              # where, and what it said
python -m benchmarks.zoo prevalence-page rules.jsonl         # writes the data and the page
"""
