metadata description = 'The api: a client of the cluster with HTTP ingress, as many replicas as are needed. Entra ID stands in front of it.'

param name string
param location string
param tags object
param environmentName string
param identityName string
param storageName string
param registryServer string

@description('Image of the api by digest.')
param image string
param clusterId string

@description('Client id of the app registration whose tokens are taken.')
param entraClientId string

@minValue(1)
param minReplicas int

@minValue(1)
param maxReplicas int

resource environment 'Microsoft.App/managedEnvironments@2025-01-01' existing = { name: environmentName }
resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = { name: identityName }
resource account 'Microsoft.Storage/storageAccounts@2024-01-01' existing = { name: storageName }

resource api 'Microsoft.App/containerApps@2025-01-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'api' })
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identity.id}': {} }
  }
  properties: {
    environmentId: environment.id
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      identitySettings: [
        {
          identity: identity.id
          lifecycle: 'Main'
        }
      ]
      registries: [
        {
          server: registryServer
          identity: identity.id
        }
      ]
      ingress: {
        external: true
        transport: 'http'
        targetPort: 8080
        allowInsecure: false
      }
    }
    template: {
      terminationGracePeriodSeconds: 45
      scale: {
        minReplicas: minReplicas
        maxReplicas: maxReplicas
        rules: [
          {
            name: 'requests'
            http: { metadata: { concurrentRequests: '50' } }
          }
        ]
      }
      containers: [
        {
          name: 'api'
          image: image
          resources: {
            cpu: json('0.5')
            memory: '1Gi'
          }
          env: [
            { name: 'Urls', value: 'http://0.0.0.0:8080' }
            { name: 'Logging__Console__FormatterName', value: 'json' }
            { name: 'Orleans__ClusterId', value: clusterId }
            { name: 'Orleans__ServiceId', value: 'orleans-mail' }
            { name: 'Orleans__Clustering__ProviderType', value: 'AzureTableStorage' }
            { name: 'Orleans__Clustering__ServiceUri', value: account.properties.primaryEndpoints.table }
            { name: 'Orleans__Clustering__ManagedIdentityClientId', value: identity.properties.clientId }
            { name: 'OrleansMail__Api__Authentication', value: 'Ingress' }
          ]
          probes: [
            {
              type: 'Startup'
              httpGet: { path: '/health/startup', port: 8080 }
              periodSeconds: 5
              failureThreshold: 60
            }
            {
              // Knows a silo to talk to.
              type: 'Readiness'
              httpGet: { path: '/health/ready', port: 8080 }
              periodSeconds: 10
              failureThreshold: 3
            }
            {
              type: 'Liveness'
              httpGet: { path: '/health/live', port: 8080 }
              periodSeconds: 10
              failureThreshold: 6
            }
          ]
        }
      ]
    }
  }

  resource entra 'authConfigs' = {
    name: 'current'
    properties: {
      platform: { enabled: true }
      globalValidation: {
        unauthenticatedClientAction: 'Return401'
        excludedPaths: ['/health/startup', '/health/ready', '/health/live']
      }
      identityProviders: {
        azureActiveDirectory: {
          enabled: true
          registration: {
            clientId: entraClientId
            openIdIssuer: '${az.environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
          }
          validation: { allowedAudiences: [entraClientId, 'api://${entraClientId}'] }
        }
      }
    }
  }
}

output address string = 'https://${api.properties.configuration.ingress.fqdn}'
