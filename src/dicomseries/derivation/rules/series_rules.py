"""Rules for series, frame of reference, equipment and file (PS3.3 sections C.7.3 to C.7.5, C.12)."""

from __future__ import annotations

from dicomseries.derivation.rules.rule import Section

__all__ = ["SECTIONS"]

_CHAINED = "it moves into ContributingEquipmentSequence, as this program made the new series"
_STEP = "it belongs to the procedure step that made the source"

SECTIONS: tuple[Section, ...] = (
    # ------------------------------------------------------------------------------------------------- C.7.3.1
    Section("series", "new", "a derived series is a series of its own", "SeriesInstanceUID"),
    Section(
        "series",
        "new",
        "the source's number and six digits more, which tell results of one source apart",
        "SeriesNumber",
    ),
    Section(
        "series",
        "change",
        "it says what was done, so that a reader can tell the series apart",
        "SeriesDescription",
    ),
    Section(
        "series",
        "new",
        "the series was made now (from PET to PET they are kept: FrameReferenceTime and decay count from them)",
        "SeriesDate SeriesTime",
    ),
    Section("series", "owned", "the kind fixes it", "Modality"),
    Section(
        "series",
        "drop",
        "the code says what the source series is",
        "SeriesDescriptionCodeSequence PyramidUID PyramidDescription PyramidLabel",
    ),
    Section(
        "series",
        "keep",
        "the same part of the body is shown, by the same protocol",
        """
        BodyPartExamined Laterality AnatomicalOrientationType ProtocolName AnatomicRegionSequence
        PrimaryAnatomicStructureSequence ImageLaterality ViewCodeSequence ViewModifierCodeSequence ViewPosition
        AnatomicStructureSpaceOrRegionSequence PrimaryAnatomicStructureModifierSequence
        AnatomicRegionModifierSequence
        """,
    ),
    Section(
        "series",
        "keep",
        "it says how the patient lay in the source's space",
        """
        PatientPosition PatientOrientationCodeSequence PatientGantryRelationshipCodeSequence
        PatientEquipmentRelationshipCodeSequence
        """,
        "same space",
    ),
    Section(
        "series",
        "drop",
        _STEP,
        """
        ReferencedPerformedProcedureStepSequence PerformedProcedureStepID PerformedProcedureStepStartDate
        PerformedProcedureStepStartTime PerformedProcedureStepEndDate PerformedProcedureStepEndTime
        PerformedProcedureStepDescription PerformedProcedureStepStatus PerformedProcedureTypeDescription
        PerformedProtocolCodeSequence PerformedProcedureCodeSequence PerformedLocation PerformedStationAETitle
        PerformedStationName CommentsOnThePerformedProcedureStep ScheduledProcedureStepID
        ScheduledProcedureStepDescription ScheduledProtocolCodeSequence ScheduledStepAttributesSequence
        ReferencedDefinedProtocolSequence ReferencedPerformedProtocolSequence TreatmentSessionUID
        FilmConsumptionSequence BillingProcedureStepSequence
        """,
    ),
    Section(
        "series",
        "drop",
        "these people made the source, not the result",
        """
        OperatorsName OperatorIdentificationSequence PerformingPhysicianName
        PerformingPhysicianIdentificationSequence
        """,
    ),
    Section("series", "drop", "the relation was the source's", "RelatedSeriesSequence"),
    # ------------------------------------------------------------------------------------------ C.7.4.1, C.7.4.2
    Section(
        "frame of reference",
        "keep",
        "positions are still in this space",
        "FrameOfReferenceUID PositionReferenceIndicator",
        "same space",
    ),
    Section(
        "frame of reference",
        "keep",
        "it ties the space to the equipment",
        """
        EquipmentFrameOfReferenceUID IsocenterPosition ImageToEquipmentMappingMatrix
        EquipmentCoordinateSystemIdentification PatientToEquipmentRelationshipSequence
        ImagingEquipmentToTreatmentDeliveryDeviceRelationshipSequence PatientTreatmentPreparationSequence
        """,
        "same space",
    ),
    Section(
        "frame of reference",
        "keep",
        "the acquisition was synchronized so",
        """
        SynchronizationFrameOfReferenceUID SynchronizationTrigger TriggerSourceOrType SynchronizationChannel
        AcquisitionTimeSynchronized TimeSource TimeDistributionProtocol NTPSourceAddress
        """,
    ),
    # ------------------------------------------------------------------------------------------ C.7.5.1, C.7.5.2
    Section(
        "equipment",
        "change",
        _CHAINED,
        """
        Manufacturer InstitutionName InstitutionAddress StationName InstitutionalDepartmentName
        InstitutionalDepartmentTypeCodeSequence ManufacturerModelName DeviceSerialNumber SoftwareVersions DeviceUID
        UDISequence SpatialResolution DateOfManufacture DateOfInstallation DateOfLastCalibration
        TimeOfLastCalibration
        """,
    ),
    Section(
        "equipment",
        "drop",
        "it is another machine that made the result",
        "GantryID ManufacturerDeviceClassUID",
    ),
    Section(
        "equipment",
        "drop",
        "it names the institution by a code of the source",
        "InstitutionCodeSequence",
    ),
    Section(
        "equipment",
        "change",
        "the source's equipment, and this program as processing equipment, are added to it",
        "ContributingEquipmentSequence",
    ),
    # ------------------------------------------------------------------------------------------------- C.12.1
    Section("file", "owned", "the kind fixes it", "SOPClassUID"),
    Section("file", "new", "every new file has one of its own", "SOPInstanceUID"),
    Section("file", "change", "all text is decoded, and written in UTF-8", "SpecificCharacterSet"),
    Section("file", "new", "the file was made now", "InstanceCreationDate InstanceCreationTime"),
    Section(
        "file",
        "keep",
        "dates that are kept are in this zone, and those of the result are written in it too",
        "TimezoneOffsetFromUTC",
    ),
    Section(
        "file",
        "keep",
        "codes that are kept may come from these schemes and groups",
        """
        CodingSchemeIdentificationSequence ContextGroupIdentificationSequence MappingResourceIdentificationSequence
        """,
    ),
    Section(
        "file",
        "keep forever",
        "what was made up, or shows a face, does so still",
        "SyntheticData RecognizableVisualFeatures",
    ),
    Section(
        "file",
        "new",
        "whether a result may serve for diagnosis is not the source's to say",
        "ContentQualification",
    ),
    Section(
        "file",
        "drop",
        "it says who made, changed or approved the source's files",
        """
        InstanceCreatorUID InstanceCoercionDateTime RelatedGeneralSOPClassUID OriginalSpecializedSOPClassUID
        SOPInstanceStatus SOPAuthorizationDateTime SOPAuthorizationComment
        AuthorizationEquipmentCertificationNumber InstanceOriginStatus BarcodeValue OriginalAttributesSequence
        ConversionSourceAttributesSequence PrivateDataElementCharacteristicsSequence ApprovalStatus
        """,
    ),
    Section(
        "signatures",
        "drop",
        "it signs or encrypts other bytes",
        """
        MACParametersSequence DigitalSignaturesSequence EncryptedAttributesSequence DataSetTrailingPadding
        """,
    ),
    # ------------------------------------------------------------------------------------ C.7.6.1, C.12.2, C.12.4
    Section(
        "references",
        "add",
        "the result names what it was made from, and how",
        """
        SourceImageSequence DerivationDescription DerivationCodeSequence ReferencedSeriesSequence
        DerivationImageSequence SourceImageEvidenceSequence
        """,
    ),
    Section(
        "references",
        "drop",
        "the reference was the source's; the result refers to the source",
        """
        ReferencedImageSequence ReferencedInstanceSequence SourceInstanceSequence ReferencedImageEvidenceSequence
        ReferencedRawDataSequence ReferencedWaveformSequence ReferencedPresentationStateSequence
        ReferencedOverlaySequence ReferencedCurveSequence ReferencedVOILUTBoxSequence ReferencedResultsSequence
        ReferencedVisitSequence ReferencedRTPlanSequence ReferencedSOPSequence
        StudiesContainingOtherReferencedInstancesSequence HL7StructuredDocumentReferenceSequence
        SourceIrradiationEventSequence ReferencedSOPClassUID ReferencedSOPInstanceUID ReferencedFrameNumber
        PurposeOfReferenceCodeSequence DerivationAlgorithmSequence FrameExtractionSequence
        ContributingSourcesSequence SpatialLocationsPreserved
        """,
    ),
)
"""Series, frame of reference, equipment, file and references."""
