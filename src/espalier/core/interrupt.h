// Ctrl-C and SIGTERM ask for an orderly stop; long loops look at interrupted() and save their
// state. A second Ctrl-C ends the process at once.
#pragma once

namespace espalier {

void install_interrupt_handler();
bool interrupted();
// For tests and for embedding programs that have a stop button of their own.
void request_interrupt(bool stop = true);

}  // namespace espalier
