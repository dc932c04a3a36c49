"""The main job: take a release from files to verdict and reports."""
