"""Inputs of several masks: opened as one volume with a layer for each."""
