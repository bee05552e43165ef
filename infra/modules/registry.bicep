metadata description = 'Registry of the images. Pulled by identity only.'

param name string
param location string
param tags object

@allowed(['Basic', 'Standard', 'Premium'])
param sku string
param logsId string

resource registry 'Microsoft.ContainerRegistry/registries@2023-11-01-preview' = {
  name: name
  location: location
  tags: tags
  sku: { name: sku }
  properties: {
    adminUserEnabled: false
    anonymousPullEnabled: false
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'logs'
  scope: registry
  properties: {
    workspaceId: logsId
    logs: [{ category: 'ContainerRegistryLoginEvents', enabled: true }]
  }
}

output loginServer string = registry.properties.loginServer
