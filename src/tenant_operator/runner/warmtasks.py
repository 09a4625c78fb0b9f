"""Tasks that run in the process of their run.

Ansible forks a process for each task of each host, so that hosts do not wait for each other. A run of the watcher has
one resource, and is a process of its own already: the forks were half of what it cost.
"""

from __future__ import annotations

from ansible._internal._task import TaskContext
from ansible.executor.process.worker import WorkerProcess
from ansible.executor.task_executor import TaskExecutor
from ansible.executor.task_result import _RawTaskResult
from ansible.plugins import strategy


class InProcessWorker(WorkerProcess):  # type: ignore[misc]  # ansible ships no types
    """A worker that is done when it has started. It never becomes a process, which all of its other methods respect."""

    def start(self) -> None:
        """Run the task, and queue its result. The task is a copy: its fields get their final values."""
        task = self._task.copy(exclude_parent=True, exclude_tasks=True)
        task._parent = self._task._parent
        with TaskContext(task):
            result = TaskExecutor(
                self._host,
                task,
                self._task_vars,
                self._play_context,
                self._loader,
                self._shared_loader_obj,
                self._final_q,
                self._variable_manager,
            ).run()
            self._final_q.send_task_result(
                _RawTaskResult(host=self._host, task=task, return_data=result, task_fields=task.dump_attrs())
            )


def use() -> None:
    """Have the strategies of this process and its forks use this worker."""
    strategy.WorkerProcess = InProcessWorker
