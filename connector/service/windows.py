"""The Windows service (pywin32): the loop under the service manager. Not run on Windows yet.

Installed by `deploy/windows/installer-service.ps1`: `python -m connector.service.windows install`.
"""

from __future__ import annotations

import sys

NAME = "dui-connector"
SETTINGS = r"C:\ProgramData\dui-connector\connecteur.toml"

if sys.platform == "win32":
    import subprocess

    import servicemanager
    import win32event
    import win32service
    import win32serviceutil

    class ConnectorService(win32serviceutil.ServiceFramework):  # type: ignore[misc]  # pywin32 has no types
        """Runs `service` as a child and stops it when the manager says so."""

        _svc_name_ = NAME
        _svc_display_name_ = "dui-connector"
        _svc_description_ = "Indicateurs d'usage du DUI : collecte, mesure et transmission."

        def __init__(self, args: list[str]) -> None:
            super().__init__(args)
            self._stop = win32event.CreateEvent(None, 0, 0, None)

        def SvcStop(self) -> None:  # noqa: N802 - the name that the manager calls
            """Asked to stop."""
            self.ReportServiceStatus(win32service.SERVICE_STOP_PENDING)
            win32event.SetEvent(self._stop)

        def SvcDoRun(self) -> None:  # noqa: N802 - the name that the manager calls
            """Started: a child that ends by itself is started again by the manager's recovery rule."""
            command = [sys.executable, "-m", "connector", "service", "--config", SETTINGS]
            child = subprocess.Popen(command, creationflags=subprocess.CREATE_NEW_PROCESS_GROUP)  # noqa: S603 - our own verb
            while win32event.WaitForSingleObject(self._stop, 1000) == win32event.WAIT_TIMEOUT:
                if child.poll() is not None:
                    servicemanager.LogErrorMsg(f"dui-connector s'est arrêté avec le code {child.returncode}.")
                    sys.exit(1)
            child.terminate()
            child.wait(timeout=60)

    if __name__ == "__main__":
        win32serviceutil.HandleCommandLine(ConnectorService)
