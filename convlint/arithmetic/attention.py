"""What meets in attention.

https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html
"""

from __future__ import annotations

from convlint.dims import Shape


def attending(
    query: Shape, key: Shape, value: Shape, enable_gqa: bool
) -> tuple[Shape, Shape, Shape]:
    """The axes before the last two of each, which broadcast; shared heads are as many as there.

    Args:
        query: `(*batches, heads, steps, features)`, and the other two alike; with `enable_gqa`
            of three axes at least.
    """
    q, k, v = query[:-2], key[:-2], value[:-2]
    return (q, (*k[:-1], q[-1]), (*v[:-1], q[-1])) if enable_gqa else (q, k, v)
