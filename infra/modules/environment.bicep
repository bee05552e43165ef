metadata description = 'Container Apps environment: inside the network only, with logs by way of Azure Monitor, which needs no key of the workspace.'

param name string
param location string
param tags object
param subnetId string

@description('Whether the environment spreads over zones. Each silo is one replica and lies in one of them.')
param zoneRedundant bool
param logsId string

resource environment 'Microsoft.App/managedEnvironments@2025-01-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    vnetConfiguration: {
      infrastructureSubnetId: subnetId
      internal: true
    }
    appLogsConfiguration: { destination: 'azure-monitor' }
    workloadProfiles: [
      {
        name: 'Consumption'
        workloadProfileType: 'Consumption'
      }
    ]
    zoneRedundant: zoneRedundant
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'logs'
  scope: environment
  properties: {
    workspaceId: logsId
    logs: [
      { category: 'ContainerAppConsoleLogs', enabled: true }
      { category: 'ContainerAppSystemLogs', enabled: true }
    ]
  }
}

output domain string = environment.properties.defaultDomain
output staticIp string = environment.properties.staticIp
