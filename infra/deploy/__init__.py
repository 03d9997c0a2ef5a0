"""Bring one image to one environment, see that it runs, and go back if it does not.

`target`, `situation` and `plan` are pure; `ecs`, `registry`, `worktree` and `smoke` ask the world;
`rollout`, `deploying` and `cli` do. Nothing here imports the application: the tool must work when
the application does not.
"""
