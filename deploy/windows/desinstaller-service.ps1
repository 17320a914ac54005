# Retire le service Windows. Les données (C:\ProgramData\dui-connector) restent : supprimez-les vous-même.
param([string]$Dossier = "C:\Program Files\dui-connector")
$ErrorActionPreference = "Stop"
$python = Join-Path $Dossier "venv\Scripts\python.exe"
Stop-Service dui-connector -ErrorAction SilentlyContinue
& $python -m connector.service.windows remove
