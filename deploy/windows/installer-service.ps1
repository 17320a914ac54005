# Installe dui-connector comme service Windows. À lancer dans PowerShell en administrateur, depuis le dossier installé.
# N'a pas encore été exécuté sur Windows par l'équipe du projet.
param([string]$Dossier = "C:\Program Files\dui-connector")
$ErrorActionPreference = "Stop"
$donnees = "C:\ProgramData\dui-connector"  # où le service lit connecteur.toml
$compte = "NT SERVICE\dui-connector"
$python = Join-Path $Dossier "venv\Scripts\python.exe"
if (-not (Test-Path $python)) { throw "$python est introuvable : installez d'abord le paquet (INSTALL.md, Windows)." }

function Exiger([string]$etape) { if ($LASTEXITCODE -ne 0) { throw "$etape : échec (code $LASTEXITCODE)." } }

& $python -m connector.service.windows --startup delayed install
Exiger "Installation du service"
sc.exe config dui-connector obj= $compte | Out-Null
Exiger "Compte du service"
sc.exe failure dui-connector reset= 86400 actions= restart/30000/restart/60000/restart/300000 | Out-Null
Exiger "Reprise du service"

# Seuls le compte du service, qui existe depuis l'installation, les administrateurs (S-1-5-32-544) et le système (S-1-5-18)
# lisent les données et la clé du site. Ces deux-là par leur numéro : leur nom change avec la langue de Windows.
New-Item -ItemType Directory -Force -Path $donnees | Out-Null
icacls $donnees /inheritance:r /grant:r "${compte}:(OI)(CI)F" "*S-1-5-32-544:(OI)(CI)F" "*S-1-5-18:(OI)(CI)F" | Out-Null
Exiger "Droits de $donnees"
icacls "$donnees\*" /reset /T | Out-Null  # ce qui y est déjà, clé comprise, prend les mêmes droits
Exiger "Droits du contenu de $donnees"

Start-Service dui-connector
Get-Service dui-connector
