@export()
@description('What becomes of mail. Capture: delivered to a receiver inside the silo, nothing leaves. Redirect: all mail goes to one address. Live: to its recipients.')
type Delivery = {
  mode: 'Capture' | 'Redirect' | 'Simulate' | 'Live'

  @description('With Redirect: the address.')
  redirectTo: string?
}

@export()
@description('The host that takes all mail. Container Apps lets nothing out to port 25, so mail goes to a relay on another port (587, or 2525): see docs/relays.md.')
type Relay = {
  host: string
  port: int

  @description('User name at the relay; none where it knows us by address.')
  user: string?

  @description('Name of the secret in the vault that holds the password.')
  passwordSecret: string?
}

@export()
@description('Cores and memory of a silo: 1 and 2 GiB, 2 and 4, 4 and 8. Server GC wants two cores or more.')
type Size = 'small' | 'medium' | 'large'
