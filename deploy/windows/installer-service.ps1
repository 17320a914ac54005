# Installe dui-connector comme service Windows. À lancer dans PowerShell en administrateur, depuis le dossier installé.
# N'a pas encore été exécuté sur Windows par l'équipe du projet.
param(
    [string]$Dossier = "C:\Program Files\dui-connector",
    [string]$Donnees = "C:\ProgramData\dui-connector"
)
$ErrorActionPreference = "Stop"
$python = Join-Path $Dossier "venv\Scripts\python.exe"
if (-not (Test-Path $python)) { throw "$python est introuvable : installez d'abord le paquet (INSTALL.md, Windows)." }

New-Item -ItemType Directory -Force -Path $Donnees | Out-Null
# Seuls le compte du service et les administrateurs lisent les données et la clé du site.
icacls $Donnees /inheritance:r /grant:r "NT SERVICE\dui-connector:(OI)(CI)F" "BUILTIN\Administrators:(OI)(CI)F" | Out-Null
[Environment]::SetEnvironmentVariable("DUI_CONNECTOR_ETAT", (Join-Path $Donnees "etat"), "Machine")

& $python -m connector.service.windows --startup delayed install
if ($LASTEXITCODE -ne 0) { throw "L'installation du service a échoué (code $LASTEXITCODE)." }
sc.exe config dui-connector obj= "NT SERVICE\dui-connector" | Out-Null
sc.exe failure dui-connector reset= 86400 actions= restart/30000/restart/60000/restart/300000 | Out-Null
Start-Service dui-connector
Get-Service dui-connector
