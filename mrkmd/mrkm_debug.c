// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * debug mrkm ...
 */
#include <zebra.h>

#include "command.h"
#include "log.h"

#include "gikev2/gikev2_keylog.h"

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_debug.h"
#include "mrkmd/mrkm_keylog.h"

#include "mrkmd/mrkm_debug_clippy.c"

struct debug mrkm_dbg_events = { 0, "debug mrkm events", "MRKM events" };
struct debug mrkm_dbg_packets = { 0, "debug mrkm packets", "MRKM packets" };
struct debug mrkm_dbg_keys = { 0, "debug mrkm keys", "MRKM keys" };
struct debug mrkm_dbg_channel = { 0, "debug mrkm channel", "MRKM key channel" };

/* ----------------------------------------------------------------- key log */

static void on_keylog(void *arg, const struct gikev2_keylog *keys)
{
	char line[GIKEV2_KEYLOG_LINE_MAX], problem[PATH_MAX + 128];
	int len = gikev2_keylog_line(keys, line, sizeof(line));

	if (len > 0 &&
	    mrkm_keylog_write(line, len, problem, sizeof(problem)) < 0) {
		gikev2_set_keylog(mrkm.engine, NULL);
		zlog_warn("mrkm: %s", problem);
	}
	explicit_bzero(line, sizeof(line));
}

static int keylog_on(struct vty *vty, const char *path)
{
	char problem[PATH_MAX + 128];

	if (mrkm_keylog_open(path, problem, sizeof(problem)) < 0) {
		vty_out(vty, "%% %s\n", problem);
		return CMD_WARNING_CONFIG_FAILED;
	}
	zlog_warn(
		"mrkm: key log is on: whoever reads %s can decrypt what this router sends and receives; \"no debug mrkm keylog\" ends it",
		path);
	gikev2_set_keylog(mrkm.engine, on_keylog);
	return CMD_SUCCESS;
}

static void keylog_off(void)
{
	gikev2_set_keylog(mrkm.engine, NULL);
	if (mrkm_keylog_close())
		zlog_warn("mrkm: key log is off; remove its file when done");
}

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
	if (all && no)
		keylog_off();
	return CMD_SUCCESS;
}

/* Not for the configuration: nothing may leave it on for ever. */
DEFPY (debug_mrkm_keylog,
       debug_mrkm_keylog_cmd,
       "debug mrkm keylog FILE$file",
       DEBUG_STR
       "Multicast router key management\n"
       "Write the keys of all SAs to a file, for Wireshark\n"
       "Absolute name of a file that does not exist yet\n")
{
	return keylog_on(vty, file);
}

DEFPY (no_debug_mrkm_keylog,
       no_debug_mrkm_keylog_cmd,
       "no debug mrkm keylog [FILE]",
       NO_STR
       DEBUG_STR
       "Multicast router key management\n"
       "Write the keys of all SAs to a file, for Wireshark\n"
       "Absolute name of the file\n")
{
	keylog_off();
	return CMD_SUCCESS;
}

static void show_debugging(struct vty *vty)
{
	vty_out(vty, "MRKM debugging status:\n");
	cmd_show_lib_debugs(vty);
	if (mrkm_keylog_path())
		vty_out(vty,
			"  MRKM key log is on: %s opens all that is captured\n",
			mrkm_keylog_path());
}

/* vtysh has this one itself, for all daemons at once. */
DEFUN_NOSH (show_debugging_all,
	    show_debugging_all_cmd,
	    "show debugging",
	    SHOW_STR
	    DEBUG_STR)
{
	show_debugging(vty);
	return CMD_SUCCESS;
}

DEFPY (show_debugging_mrkm,
       show_debugging_mrkm_cmd,
       "show debugging mrkm",
       SHOW_STR
       DEBUG_STR
       "Multicast router key management\n")
{
	show_debugging(vty);
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
	install_element(ENABLE_NODE, &debug_mrkm_keylog_cmd);
	install_element(ENABLE_NODE, &no_debug_mrkm_keylog_cmd);
	install_element(ENABLE_NODE, &show_debugging_all_cmd);
	install_element(ENABLE_NODE, &show_debugging_mrkm_cmd);
}
