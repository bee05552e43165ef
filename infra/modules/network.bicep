metadata description = 'Network: a subnet for the apps, behind a NAT gateway with one static address, and one for private endpoints.'

param networkName string
param natGatewayName string
param outboundAddressName string
param location string
param tags object

@description('Whether the NAT gateway and its address lie in one availability zone; a gateway is never in several.')
param zone string

resource address 'Microsoft.Network/publicIPAddresses@2024-05-01' = {
  name: outboundAddressName
  location: location
  tags: tags
  sku: { name: 'Standard' }
  zones: empty(zone) ? [] : [zone]
  properties: {
    publicIPAllocationMethod: 'Static'
    // A receiver that checks the name of the address finds it by a PTR record, which is asked for at the provider of the address.
    idleTimeoutInMinutes: 4
  }
}

resource gateway 'Microsoft.Network/natGateways@2024-05-01' = {
  name: natGatewayName
  location: location
  tags: tags
  sku: { name: 'Standard' }
  zones: empty(zone) ? [] : [zone]
  properties: {
    idleTimeoutInMinutes: 4
    publicIpAddresses: [{ id: address.id }]
  }
}

resource network 'Microsoft.Network/virtualNetworks@2024-05-01' = {
  name: networkName
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: ['10.40.0.0/22'] }
    subnets: [
      {
        name: 'apps'
        properties: {
          addressPrefix: '10.40.0.0/23'
          natGateway: { id: gateway.id }
          delegations: [
            {
              name: 'apps'
              properties: { serviceName: 'Microsoft.App/environments' }
            }
          ]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: '10.40.2.0/26'
          privateEndpointNetworkPolicies: 'Enabled'
        }
      }
    ]
  }

  resource apps 'subnets' existing = { name: 'apps' }
  resource endpoints 'subnets' existing = { name: 'endpoints' }
}

output networkId string = network.id
output appsSubnetId string = network::apps.id
output endpointsSubnetId string = network::endpoints.id

@description('The address that receivers and relays see.')
output outboundAddress string = address.properties.ipAddress
