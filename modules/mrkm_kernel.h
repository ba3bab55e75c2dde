// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel as mrkm_guard.c sees it: lists and operations, turned into as few
 * netlink messages as it takes.  What carries them is an argument: sockets
 * (mrkm_netlink.c), or a test.
 */
#ifndef MRKM_KERNEL_H
#define MRKM_KERNEL_H

#include "modules/mrkm_nlmsg.h"

enum mrkm_family {
	MRKM_XFRM,
	MRKM_ROUTE,
};

struct mrkm_transport {
	/*
	 * Sends the batch and takes its answers: `refused` is called for each
	 * message that failed, with its sequence number and a positive errno.
	 * 0, or a negative errno when the batch could not be sent or its
	 * answers not be read: then nothing is known of its messages.
	 */
	int (*send)(void *arg, enum mrkm_family family,
		    const struct mrkm_batch *batch,
		    void (*refused)(void *refused_arg, uint32_t sequence,
				    int error),
		    void *refused_arg);

	/* Sends one request for a list; `item` is called for each message. */
	int (*list)(void *arg, enum mrkm_family family,
		    const struct mrkm_batch *request,
		    int (*item)(void *item_arg, const struct nlmsghdr *nlh),
		    void *item_arg);
};

struct mrkm_kernel {
	const struct mrkm_transport *transport;
	void *arg;
	uint64_t batches, messages; /* sent so far, lists not counted */
};

/*
 * Carries out `ops` in their order; each one's `error` says what became of it.
 * When a filter or an SA cannot be set, what comes behind is not tried, and
 * has ECANCELED: a policy must not point to nothing.  0 when all went well,
 * -EREMOTEIO when one did not, or another negative errno: nothing is known.
 */
int mrkm_kernel_apply(struct mrkm_kernel *kernel, struct mrkm_ops *ops);

/* What is ours in the kernel, and all interfaces.  0, or a negative errno. */
int mrkm_kernel_list(struct mrkm_kernel *kernel, struct mrkm_image *image,
		     struct mrkm_links *links);

/*
 * The filters of `is` as the kernel has them now, with what they dropped since
 * they were set.  `counted` is empty before.  0, or -ENOMEM.
 */
int mrkm_kernel_count(struct mrkm_kernel *kernel, const struct mrkm_image *is,
		      struct mrkm_image *counted);

/*
 * keytable_transform_bit()s of what the kernel can do, found out by trying: an
 * SA for each, to an address where nothing is, removed at once.  0: it has no
 * ESP at all.
 */
uint32_t mrkm_kernel_probe(struct mrkm_kernel *kernel);

#endif /* MRKM_KERNEL_H */
