package dev.daxverbs.testing;

import org.junit.jupiter.api.Tag;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** A test of Java alone: it shows the same on any kernel and with any device, so it runs on the host and not in the guest, which is slow. */
@Tag("any-kernel")
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
public @interface AnyKernel {
}
