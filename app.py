"""What `cdk synth` and `cdk deploy` run: the two stacks of one stage."""

from infra.app import build

build().synth()
