"""Mynah: GitOps for a fleet of persona language models on the Hugging Face Hub."""

__version__ = "0.2.0"
