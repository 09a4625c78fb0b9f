"""Runs of playbooks, by ansible-runner, as forks of a process that has loaded Ansible already."""
