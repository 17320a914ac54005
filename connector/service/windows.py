"""The Windows service (pywin32): the loop under the service manager. Not run on Windows yet.

Installed by `deploy/windows/installer-service.ps1`: `python -m connector.service.windows install`. The manager then
starts that same Python: the host of pywin32, `pythonservice.exe`, does not find a virtual environment.
"""

from __future__ import annotations

import sys

NAME = "dui-connector"
SETTINGS = r"C:\ProgramData\dui-connector\connecteur.toml"
JOURNAL = r"C:\ProgramData\dui-connector\service.log"

if sys.platform == "win32":
    import os
    import subprocess
    from pathlib import Path
    from typing import IO

    import servicemanager
    import win32event
    import win32service
    import win32serviceutil

    _MOST = 10_000_000  # bytes of a journal, then a new one is begun and the former kept

    class ConnectorService(win32serviceutil.ServiceFramework):  # type: ignore[misc]  # pywin32 has no types
        """Runs `service` as a child and stops it when the manager says so."""

        _svc_name_ = NAME
        _svc_display_name_ = "dui-connector"
        _svc_description_ = "Indicateurs d'usage du DUI : collecte, mesure et transmission."
        _exe_name_ = sys.executable
        _exe_args_ = "-m connector.service.windows"

        def __init__(self, args: list[str]) -> None:
            super().__init__(args)
            self._stop = win32event.CreateEvent(None, 0, 0, None)

        def SvcStop(self) -> None:  # noqa: N802 - the name that the manager calls
            """Asked to stop."""
            self.ReportServiceStatus(win32service.SERVICE_STOP_PENDING)
            win32event.SetEvent(self._stop)

        def SvcDoRun(self) -> None:  # noqa: N802 - the name that the manager calls
            """Started. When the child ends by itself this process ends unsaid: the recovery rule starts it again."""
            command = [sys.executable, "-m", "connector", "service", "--config", SETTINGS]
            with _journal() as journal:
                child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=journal, stderr=journal)  # noqa: S603 - our own verb
            while win32event.WaitForSingleObject(self._stop, 1000) == win32event.WAIT_TIMEOUT:
                if child.poll() is not None:
                    servicemanager.LogErrorMsg(f"dui-connector s'est arrêté avec le code {child.returncode}.")
                    os._exit(1)
            _end(child)

    def _journal() -> IO[bytes]:
        path = Path(JOURNAL)
        if path.exists() and path.stat().st_size > _MOST:
            path.replace(path.with_suffix(".1.log"))
        return path.open("ab")

    def _end(child: subprocess.Popen[bytes]) -> None:
        """End the loop and the verb that it runs: every verb may be stopped anywhere."""
        taskkill = Path(os.environ["SYSTEMROOT"]) / "System32" / "taskkill.exe"
        subprocess.run([taskkill, "/T", "/F", "/PID", str(child.pid)], capture_output=True, check=False)  # noqa: S603
        child.kill()  # the loop at least, where taskkill does nothing
        child.wait(timeout=60)

    if __name__ == "__main__":
        if len(sys.argv) > 1:
            win32serviceutil.HandleCommandLine(ConnectorService)
        else:  # the manager starts it
            servicemanager.Initialize()
            servicemanager.PrepareToHostSingle(ConnectorService)
            servicemanager.StartServiceCtrlDispatcher()
