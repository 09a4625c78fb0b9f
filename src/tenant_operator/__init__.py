"""The watcher: events on Kubernetes resources become Ansible runs, each for one resource.

A guided tour, along the way of the data:

    watches      watches.yaml says which kind runs which playbook
    client       the one way to the Kubernetes API
    cache        list and watch: what the API server has, and when it changed
    dependents   what runs made, as the caches show it
    applied      what was applied for each resource, and so what there is to do: nothing, most of the time
    workqueue    keys that wait to be worked on, each once, and their way back after a failure
    controller   which events concern a key; takes keys to the reconciler
    reconciler   plan, fetch, initialise, run, conclude, requeue
    rollout      when each resource gets a new playbook; damping, when drift that comes back is repaired
    runner       ansible-runner runs; the only module that touches ansible-runner
    parameters   a resource as extra variables, for projects of ansible-operator
    warmprocess  keeps a process that has Ansible loaded, up to date
    warmfork     that process: ansible-playbook without its start-up cost
    warmtasks, warmplaybooks, warmtemplates: what of Ansible is done before the fork, and what is not done at all
    outcome      job events become the outcome of the resource
    conditions   outcomes become conditions
    recorder     Kubernetes Events
    leases       one active watcher at a time; clocks, which go on while the machine sleeps
    manager      starts and stops all of it, in order
    server       serves what is asked from outside: health, the probes, and scrape, the metrics of metrics.py
    certificates a certificate for it
    digests      short names for what an object has from us, and for the software
    settings     flags and environment; log, how it is written
    capacity     what the container really has, and so how many runs at once
    cli          the command line

It knows nothing about tenants: what a resource consists of is the playbook's business.
"""
