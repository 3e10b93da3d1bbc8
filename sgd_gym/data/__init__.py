"""Distillation data: collect, shorten, annotate, ship and export oracle paths."""
