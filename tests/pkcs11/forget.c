// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Preloaded into a process that uses SoftHSM: at SIGUSR2 its token is as one
 * that was pulled out and put in again, or whose network was away: no session
 * is left, nobody is logged in, and handles mean nothing.
 */
#include <dlfcn.h>
#include <signal.h>

#define SLOTS_MAX 16

static void forget(int number)
{
	void *module = dlopen(MODULE, RTLD_NOW | RTLD_NOLOAD);
	unsigned long (*list)(unsigned char, unsigned long *, unsigned long *);
	unsigned long (*close_all)(unsigned long);
	unsigned long slots[SLOTS_MAX], count = SLOTS_MAX;

	(void)number;
	if (!module)
		return;
	*(void **)&list = dlsym(module, "C_GetSlotList");
	*(void **)&close_all = dlsym(module, "C_CloseAllSessions");
	if (list(1, slots, &count) == 0)
		while (count > 0)
			close_all(slots[--count]);
}

__attribute__((constructor)) static void listen_for_it(void)
{
	signal(SIGUSR2, forget);
}
