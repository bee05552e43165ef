using 'main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'prod')
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
param siloCount = 3
param siloSize = 'medium'
param generation = readEnvironmentVariable('MAIL_GENERATION', 'a')
param siloImage = readEnvironmentVariable('SERVICE_SILO_IMAGE_NAME', 'example.azurecr.io/orleans-mail-silo@sha256:0000000000000000000000000000000000000000000000000000000000000000')
param apiImage = readEnvironmentVariable('SERVICE_API_IMAGE_NAME', 'example.azurecr.io/orleans-mail-api@sha256:0000000000000000000000000000000000000000000000000000000000000000')
param entraClientId = readEnvironmentVariable('API_ENTRA_CLIENT_ID', '00000000-0000-0000-0000-000000000000')

// Nothing leaves until this says Live. A relay is needed then: docs/relays.md.
param delivery = { mode: 'Capture' }
param relay = {
  host: 'smtp.azurecomm.net'
  port: 587
  user: 'orleans-mail'
  passwordSecret: 'relay-password'
}
param dkimKeys = [{ domain: 'example.com', selector: 's2026', secret: 'dkim-example-com-2026' }]
