metadata description = 'A budget of the resource group: who is told when a month gets dearer than it should. It stops nothing.'

@description('What a month may cost, in the currency of the subscription.')
param amount int

@description('First day of a month, such as 2027-01-01.')
param from string

@description('Who is told.')
param email string

resource budget 'Microsoft.Consumption/budgets@2023-11-01' = {
  name: 'mail-month'
  properties: {
    category: 'Cost'
    amount: amount
    timeGrain: 'Monthly'
    timePeriod: { startDate: from }
    notifications: {
      // What the month will come to, while there is time; and what it has come to.
      forecast: {
        enabled: true
        thresholdType: 'Forecasted'
        operator: 'GreaterThan'
        threshold: 100
        contactEmails: [email]
      }
      actual: {
        enabled: true
        thresholdType: 'Actual'
        operator: 'GreaterThanOrEqualTo'
        threshold: 80
        contactEmails: [email]
      }
    }
  }
}
