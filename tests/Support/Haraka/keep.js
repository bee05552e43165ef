// Keeps every message in a maildir, under its first recipient.
const fs = require('node:fs')
const path = require('node:path')

exports.hook_queue = function (next, connection) {
  const transaction = connection.transaction
  const folder = process.env.PEER_MAILDIR
  const name = transaction.uuid
  const file = fs.createWriteStream(path.join(folder, 'tmp', name))
  file.once('close', () => fs.rename(path.join(folder, 'tmp', name), path.join(folder, 'new', name), (error) => next(error ? DENYSOFT : OK)))
  file.write(`Delivered-To: ${transaction.rcpt_to[0].address}\n`)
  transaction.message_stream.pipe(file, { line_endings: '\n' })
}
