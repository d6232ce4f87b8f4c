// A client whose broken Unix socket reads like a broken TCP connection.
//
// DBOS repeats a statement when the error says that the server is away. It knows that of TCP; a
// socket file that is gone (ENOENT) while the server restarts, or a write into a socket that was
// closed (EPIPE), it takes for good and fails the workflow. The words added here are among those
// that it recognises; `code` and `syscall` stay as they are.
import type { EventEmitter } from 'node:events'
import pg from 'pg'

const RECOGNISED_WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'could not connect to server',
  EPIPE: 'Connection terminated unexpectedly',
}

export class PatientClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config)
    // The driver's types leave out its connection, which emits every error of the socket.
    const { connection } = this as unknown as { readonly connection: EventEmitter }
    connection.prependListener('error', addRecognisedWords)
  }
}

function addRecognisedWords(error: Error & { readonly code?: string }): void {
  const words = RECOGNISED_WORDS[error.code ?? '']
  if (words !== undefined && !error.message.startsWith(words)) {
    error.message = `${words}: ${error.message}`
  }
}
