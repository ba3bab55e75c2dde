// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * debug mrkm ...
 */
#include <zebra.h>

#include "command.h"

#include "mrkmd/mrkm_debug.h"

#include "mrkmd/mrkm_debug_clippy.c"

struct debug mrkm_dbg_events = { 0, "debug mrkm events", "MRKM events" };
struct debug mrkm_dbg_packets = { 0, "debug mrkm packets", "MRKM packets" };
struct debug mrkm_dbg_keys = { 0, "debug mrkm keys", "MRKM keys" };
struct debug mrkm_dbg_channel = { 0, "debug mrkm channel", "MRKM key channel" };

/* clang-format off */

DEFPY (debug_mrkm,
       debug_mrkm_cmd,
       "[no] debug mrkm [{events$events|packets$packets|keys$keys|channel$channel}]",
       NO_STR
       DEBUG_STR
       "Multicast router key management\n"
       "Registrations, rolls, and what becomes of members\n"
       "Datagrams sent, received and dropped\n"
       "Keys that come and go\n"
       "Messages to the daemons that use the keys\n")
{
	uint32_t mode = DEBUG_NODE2MODE(vty->node);
	bool all = !events && !packets && !keys && !channel;

	if (all || events)
		DEBUG_MODE_SET(&mrkm_dbg_events, mode, !no);
	if (all || packets)
		DEBUG_MODE_SET(&mrkm_dbg_packets, mode, !no);
	if (all || keys)
		DEBUG_MODE_SET(&mrkm_dbg_keys, mode, !no);
	if (all || channel)
		DEBUG_MODE_SET(&mrkm_dbg_channel, mode, !no);
	return CMD_SUCCESS;
}

DEFUN_NOSH (show_debugging_mrkm,
	    show_debugging_mrkm_cmd,
	    "show debugging [mrkm]",
	    SHOW_STR
	    DEBUG_STR
	    "Multicast router key management\n")
{
	vty_out(vty, "MRKM debugging status:\n");
	cmd_show_lib_debugs(vty);
	return CMD_SUCCESS;
}

/* clang-format on */

void mrkm_debug_init(void)
{
	debug_install(&mrkm_dbg_events);
	debug_install(&mrkm_dbg_packets);
	debug_install(&mrkm_dbg_keys);
	debug_install(&mrkm_dbg_channel);

	install_element(ENABLE_NODE, &debug_mrkm_cmd);
	install_element(CONFIG_NODE, &debug_mrkm_cmd);
	install_element(ENABLE_NODE, &show_debugging_mrkm_cmd);
}
