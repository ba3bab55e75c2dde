// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mrkmd: keys of routing protocols by G-IKEv2 (RFC 9838).
 */
#include <zebra.h>

#include <sys/prctl.h>

#include <lib/version.h>
#include "getopt.h"
#include "libfrr.h"
#include "log.h"
#include "sigevent.h"
#include "vty.h"

#include "mrkmd/mrkm.h"
#include "mrkmd/mrkm_auth.h"
#include "mrkmd/mrkm_channel.h"
#include "mrkmd/mrkm_cli.h"
#include "mrkmd/mrkm_debug.h"
#include "mrkmd/mrkm_event.h"
#include "mrkmd/mrkm_keep.h"
#include "mrkmd/mrkm_multicast.h"
#include "mrkmd/mrkm_nb.h"
#include "mrkmd/mrkm_revoke.h"
#include "mrkmd/mrkm_state.h"

DEFINE_MGROUP(MRKMD, "mrkmd");

struct mrkm mrkm;

/*
 * To bind a port below 1024 is all.  Above all not CAP_NET_ADMIN: the process
 * that reads datagrams of strangers cannot touch the kernel's addresses,
 * routes and security associations.
 */
static zebra_capabilities_t capabilities[] = {
	ZCAP_BIND,
};

struct zebra_privs_t mrkm_privs = {
#if defined(FRR_USER)
	.user = FRR_USER,
#endif
#if defined(FRR_GROUP)
	.group = FRR_GROUP,
#endif
#if defined(VTY_GROUP)
	.vty_group = VTY_GROUP,
#endif
	.caps_p = capabilities,
	.cap_num_p = array_size(capabilities),
	.cap_num_i = 0,
};

static struct option longopts[] = { { 0 } };

static struct frr_daemon_info mrkmd_di;

static void sighup(void)
{
	zlog_info("SIGHUP received");
	vty_read_config(NULL, mrkmd_di.config_file, config_default);
}

/*
 * The groups are not left: a daemon that restarts must not cost an adjacency.
 * What the routing daemons hold lives on until its lifetime is over.
 */
static void sigint(void)
{
	struct mrkm_group *group;
	struct mrkm_ks_group *ks_group;

	zlog_notice("Terminating on signal");

	mrkm_io_fini();
	mrkm_channel_fini();
	mrkm_engine_fini();
	mrkm_auth_fini();
	mrkm_revoke_fini();
	mrkm_multicast_fini();
	mrkm_state_fini();
	mrkm_keep_fini();
	while ((group = mrkm_groups_first(&mrkm.groups)))
		mrkm_group_free(group);
	while ((ks_group = mrkm_ks_groups_first(&mrkm.ks_groups)))
		mrkm_ks_group_free(ks_group);
	mrkm_groups_fini(&mrkm.groups);
	mrkm_ks_groups_fini(&mrkm.ks_groups);
	frr_fini();
	exit(0);
}

static void sigusr1(void)
{
	zlog_rotate();
}

static struct frr_signal_t mrkm_signals[] = {
	{
		.signal = SIGHUP,
		.handler = &sighup,
	},
	{
		.signal = SIGUSR1,
		.handler = &sigusr1,
	},
	{
		.signal = SIGINT,
		.handler = &sigint,
	},
	{
		.signal = SIGTERM,
		.handler = &sigint,
	},
};

static const struct frr_yang_module_info *const mrkm_yang_modules[] = {
	&frr_mrkmd_info,
};

/* clang-format off */
FRR_DAEMON_INFO(mrkmd, MRKM,
	.vty_port = MRKM_VTY_PORT,
	.proghelp = "Keys of routing protocols by G-IKEv2.",

	.signals = mrkm_signals,
	.n_signals = array_size(mrkm_signals),

	.privs = &mrkm_privs,

	.yang_modules = mrkm_yang_modules,
	.n_yang_modules = array_size(mrkm_yang_modules),
);
/* clang-format on */

static void parse_options(int argc, char **argv)
{
	int opt;

	frr_preinit(&mrkmd_di, argc, argv);
	frr_opt_add("", longopts, "");
	while ((opt = frr_getopt(argc, argv, NULL)) != EOF)
		if (opt)
			frr_help_exit(1);
}

static void on_capability(uint8_t protocol, uint32_t algorithms)
{
	mrkm_group_offers_changed();
}

int main(int argc, char **argv)
{
	static const struct mrkm_channel_callbacks channel_callbacks = {
		.capability = on_capability,
		.result = mrkm_event_key_result,
	};

	parse_options(argc, argv);
	mrkm_groups_init(&mrkm.groups);
	mrkm_ks_groups_init(&mrkm.ks_groups);
	mrkm_io_init();

	mrkm.loop = frr_init();

	/* Neither a core file nor a debugger of the same user gets a key. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		zlog_warn(
			"mrkm: core dumps cannot be switched off: %s: they would hold keys",
			safe_strerror(errno));

	mrkm_engine_init();
	mrkm_debug_init();
	mrkm_cli_init();
	mrkm_channel_set_callbacks(&channel_callbacks);
	if (mrkm_channel_init(mrkm.loop) != 0)
		zlog_err(
			"mrkm: no keys will reach the routing daemons; correct the above and restart mrkmd");

	frr_config_fork();
	frr_run(mrkm.loop);

	/* Not reached. */
	return 0;
}
