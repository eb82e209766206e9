"""The frozen records that pass between the steps, and the roles that parts play."""
