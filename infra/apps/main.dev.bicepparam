using 'main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'dev')
param location = readEnvironmentVariable('AZURE_LOCATION', 'westeurope')
param siloCount = 2
param siloSize = 'small'
param generation = readEnvironmentVariable('MAIL_GENERATION', 'a')
param siloImage = readEnvironmentVariable('SERVICE_SILO_IMAGE_NAME', 'example.azurecr.io/orleans-mail-silo@sha256:0000000000000000000000000000000000000000000000000000000000000000')
param apiImage = readEnvironmentVariable('SERVICE_API_IMAGE_NAME', 'example.azurecr.io/orleans-mail-api@sha256:0000000000000000000000000000000000000000000000000000000000000000')
param entraClientId = readEnvironmentVariable('API_ENTRA_CLIENT_ID', '00000000-0000-0000-0000-000000000000')
param apiReplicas = { min: 1, max: 1 }
