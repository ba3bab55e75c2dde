// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A kernel for tests of what the module in zebra does: takes netlink messages
 * as octets, keeps SAs, policies and filters, and minds what must not be.
 */
#ifndef FAKE_KERNEL_H
#define FAKE_KERNEL_H

#include "modules/mrkm_kernel.h"

#define FAKE_LINKS_MAX 1024

struct fake_kernel {
	struct mrkm_image image;
	struct mrkm_link links[FAKE_LINKS_MAX];
	size_t link_count;

	/* what it cannot do */
	bool no_ipsec, no_filters, no_lists;
	uint16_t no_encr;     /* a Transform ID; 0: it can do all */
	uint32_t foreign_spi; /* of an SA of somebody else, to any destination */

	/* what it was asked for */
	size_t batches, messages, lists;

	/* a policy without the SA that it points to, at any moment */
	size_t dangling;
};

extern const struct mrkm_transport fake_transport; /* its arg: the kernel */

void fake_kernel_init(struct fake_kernel *kernel);
void fake_kernel_fini(struct fake_kernel *kernel);

/* An interface of Ethernet's kind. */
struct mrkm_link *fake_kernel_link(struct fake_kernel *kernel, int ifindex,
				   const char *name);
void fake_kernel_unlink(struct fake_kernel *kernel, int ifindex);

/* NULL: there is none. */
const struct mrkm_sa *fake_kernel_sa(const struct fake_kernel *kernel,
				     uint32_t spi,
				     const struct mrkm_address *destination);
const struct mrkm_sp *fake_kernel_sp(const struct fake_kernel *kernel,
				     int ifindex, bool in,
				     const struct mrkm_address *destination);

#endif /* FAKE_KERNEL_H */
