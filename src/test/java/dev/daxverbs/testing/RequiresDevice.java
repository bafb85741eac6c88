package dev.daxverbs.testing;

import dev.daxverbs.verbs.DeviceCondition;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * A test that needs an RDMA device. Where there is none, it is skipped for one of two reasons, which the report names: libibverbs
 * is not installed, or it does not list the device. Anything else that goes wrong with the list is a failure. In the guest, which
 * has devices (system property {@code daxverbs.guest}), so is their absence.
 */
@Tag("rdma")
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(DeviceCondition.class)
public @interface RequiresDevice {
    /** The names of the devices that must be there. */
    String[] value() default "rxe0";
}
