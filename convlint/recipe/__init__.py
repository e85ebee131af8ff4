"""A network that a YAML file describes: `conf/model.yaml#model`, as Hydra or Lightning write it.

    model:                          model:
      _target_: net.UNet              class_path: net.UNet
      classes: 10                     init_args:
      encoder:                          classes: 10
        _target_: net.Encoder           encoder: {class_path: net.Encoder}

What is meant is said by https://hydra.cc/docs/advanced/instantiate_objects/overview/ and
https://lightning.ai/docs/pytorch/stable/cli/lightning_cli_advanced_3.html.
"""
