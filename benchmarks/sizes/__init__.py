"""What `convlint sizes` says, against torch itself: is it true, and what does it cost?

python -m benchmarks.sizes zoo results.jsonl    # one network of every family; continues
python -m benchmarks.sizes page results.jsonl   # writes docs/sizes-proof.md
python -m benchmarks.sizes show timm/resnet     # one family, to the terminal
python -m benchmarks.sizes speed                # ratios; writes docs/sizes-speed.md
"""
