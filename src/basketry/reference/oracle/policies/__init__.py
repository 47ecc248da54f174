"""Aggregation policies: one rule, one small file; the registry is `basketry.reference.oracle.policy.POLICIES`."""
