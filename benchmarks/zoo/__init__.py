"""Sweep convlint over the networks that the ecosystem ships: they work, so it must get through.

python -m benchmarks.zoo sweep results.jsonl      # every model of every library; continues
python -m benchmarks.zoo page results.jsonl       # writes docs/zoo.md
python -m benchmarks.zoo show timm/resnet50       # one model, to the terminal
"""
