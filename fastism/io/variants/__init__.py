"""Variants in, out of VCF and BCF files; and their scores out."""
