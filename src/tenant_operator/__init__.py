"""The watcher: events on Kubernetes resources become Ansible runs in which every resource is a host.

A guided tour, along the way of the data:

    watches      watches.yaml says which kind runs which playbook
    client       the one way to the Kubernetes API
    cache        list and watch: what the API server has, and when it changed
    workqueue    keys that wait to be worked on, each once, and their way back after a failure
    controller   which events concern a key; takes batches of keys to the reconciler
    reconcile    a batch: fetch, validate, initialise, run, conclude, requeue
    runner       one ansible-runner run; the only module that touches ansible-runner
    warmprocess  keeps a process that has Ansible loaded, up to date
    warmfork     that process: ansible-playbook without its start-up cost
    outcome      job events become the outcome of each host
    conditions   outcomes become the conditions Progressing and Stalled
    manager      starts and stops all of it, in order
    settings     flags and environment
    capacity     what the container really has, and so how many forks
    cli          the command line

It knows nothing about tenants: what a resource consists of is the playbook's business.
"""
