"""The index followed through perpetuals, dated futures or a mix with spot, and what that costs and risks."""
